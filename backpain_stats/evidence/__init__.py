"""What has been published: loading, validation, reconstruction and likelihood ratios."""
