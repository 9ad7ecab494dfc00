"""One run on several machines: shares of it, and what joins them."""
