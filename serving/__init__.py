"""Show what a picture's faces express: a page, an API, a command line."""
