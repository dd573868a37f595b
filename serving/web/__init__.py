"""The web application: page, API, and what guards them."""
