"""The page that shows what another evidence changes."""
