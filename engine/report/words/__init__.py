"""The fixed words of reports in each language. Labels of variables stay as the study gives them."""
