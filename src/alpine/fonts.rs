//! Fonts: Debian's packages that draw text bring DejaVu along, those of Alpine bring none.

/// The font that Debian's fontconfig depends on, under Alpine's name.
pub(super) const BROUGHT: &str = "font-dejavu";

/// Debian packages that draw text and depend on fontconfig, by the start of their name.
///
/// Source: the dependencies of Debian 12. Where text is a side line, as for ffmpeg, no font is asked for.
const DRAWING: [&str; 14] = [
    "fontconfig",
    "gnuplot",
    "graphviz",
    "imagemagick",
    "inkscape",
    "libcairo2",
    "libfontconfig1",
    "libgdiplus",
    "libgtk-3-0",
    "libpango",
    "libreoffice",
    "librsvg2",
    "poppler-utils",
    "wkhtmltopdf",
];

/// Whether the Debian package `name` draws text.
pub(super) fn draws(name: &str) -> bool {
    DRAWING.iter().any(|start| name.starts_with(start))
}

/// Whether an Alpine package is a font.
pub(super) fn is_font(name: &str) -> bool {
    ["font-", "ttf-", "terminus-font"].iter().any(|start| name.starts_with(start))
}
