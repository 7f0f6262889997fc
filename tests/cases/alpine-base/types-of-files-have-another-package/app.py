import mimetypes

print(mimetypes.guess_type("a.woff2"))
