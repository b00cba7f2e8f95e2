"""The portal: what two governments open every morning to run their agreement together."""
