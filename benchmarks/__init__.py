"""What the package costs, beside the scripts that a researcher would write without it."""
