//! What is written on a tag: TDS binary, URIs, GS1 Digital Link, TID.
