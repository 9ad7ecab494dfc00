"""Plans and executes a study; the only part that sees the whole."""
