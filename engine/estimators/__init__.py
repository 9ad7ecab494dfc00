"""The statistics: a frozen spec and arrays in, tidy rows out. No files, no frames."""
