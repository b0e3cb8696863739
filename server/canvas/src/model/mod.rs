//! What a canvas document means: read by the schema's rules, edited and mended through yrs.
