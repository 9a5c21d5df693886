"""The operator's pages: sign-in, reports, lists, actions and downloads."""
