"""What wings write together: parties, listings, cases, steps, events, evidence, countersignatures."""
