"""Files -> panel -> sample -> arrays. The only package that opens data files."""
