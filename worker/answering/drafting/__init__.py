"""Write a draft from passages, with a language model or by quoting."""
