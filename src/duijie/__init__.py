"""duijie (对接) makes an agreement between two regions work: diagnose, match, meet, track, share."""

__version__ = "0.1.0"
