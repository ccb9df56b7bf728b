"""What `parca-scrape migrate code` does to a charm; needs the extra `migrate`."""
