//! The encodings of classic tags.
//!
//! Not here: the fields of each encoding ([`super::layout`]).
//!
//! Source: TDS 2.x table 14-1.

/// The binary encoding of an identity on a classic tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Header 0x30, serial below 2^38.
    Sgtin96,
    /// Header 0x36, serial of up to 20 characters.
    Sgtin198,
    /// Header 0x31.
    Sscc96,
    /// Header 0x32, extension below 2^41.
    Sgln96,
    /// Header 0x33, serial below 2^38.
    Grai96,
    /// Header 0x34, numeric reference.
    Giai96,
    /// Header 0x39, extension of up to 20 characters.
    Sgln195,
    /// Header 0x37, serial of up to 16 characters.
    Grai170,
    /// Header 0x38, reference of up to 24 characters.
    Giai202,
    /// Header 0x2D.
    Gsrn96,
    /// Header 0x2E.
    Gsrnp96,
    /// Header 0x2C, serial below 2^41.
    Gdti96,
    /// Header 0x3A, serial of up to 17 digits. Deprecated: new tags use GDTI-174.
    Gdti113,
    /// Header 0x3E, serial of up to 17 characters.
    Gdti174,
    /// Header 0x3C, numeric reference, serial below 2^31.
    Cpi96,
    /// Header 0x3D, variable length, reference of any characters of a part number.
    CpiVar,
    /// Header 0x3F, serial of up to 12 digits.
    Sgcn96,
    /// Header 0x40, serial below 2^38.
    Itip110,
    /// Header 0x41, serial of up to 20 characters.
    Itip212,
    /// Header 0x35, no filter.
    Gid96,
    /// Header 0x2F, filter 0 to 15.
    Usdod96,
    /// Header 0x3B, filter 0 to 63, variable length.
    AdiVar,
}
