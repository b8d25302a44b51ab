"""genlib: pseudonymised releases in, protected reports out."""
