"""The web application: page, API, and their limits."""
