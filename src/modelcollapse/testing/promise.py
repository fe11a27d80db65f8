"""What every check raises."""


class BrokenPromise(AssertionError):
    """A part does not do what its protocol says."""
