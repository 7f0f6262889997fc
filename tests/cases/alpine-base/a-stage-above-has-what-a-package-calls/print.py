import cairosvg
