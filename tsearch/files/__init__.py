"""Files that are whole or absent, the cache folder, and notices that are said once."""
