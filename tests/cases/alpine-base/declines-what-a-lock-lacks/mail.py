import magika
