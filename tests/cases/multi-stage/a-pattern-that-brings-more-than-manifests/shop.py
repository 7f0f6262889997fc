open("words.txt")
