"""From the bytes of a picture to its faces and their expressions, without a web server."""
