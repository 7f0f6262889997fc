from django.contrib.gis.geos import Point

print(Point(1, 2))
