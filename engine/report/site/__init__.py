"""The store as static pages: written after a night, read without a server, a network or a script."""
