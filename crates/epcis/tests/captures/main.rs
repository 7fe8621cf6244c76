//! What capture takes and refuses: a table of changes to a valid document, the same for a clone of the repository
//! alone; and, where the folder of vectors is, published documents, and GS1's schema as oracle over thousands of changed
//! ones.

mod contexts;
mod document;
mod facts;
mod oracle;
mod published;
