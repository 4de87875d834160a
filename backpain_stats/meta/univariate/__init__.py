"""One ratio at a time."""
