"""Rules that choose among scored records, and what their choice does to tails and groups."""
