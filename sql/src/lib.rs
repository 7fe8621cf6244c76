//! Where it is kept: migrations, one query a file, the typed functions.
