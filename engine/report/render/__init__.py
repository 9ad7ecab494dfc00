"""Renderers: a table or a report in, text or bytes out; a module each."""
