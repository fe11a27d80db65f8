"""Two classes: laws whose records say which class they are of, rightly or wrongly."""
