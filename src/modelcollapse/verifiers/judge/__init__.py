"""A language model that grades records, behind an OpenAI-compatible server."""
