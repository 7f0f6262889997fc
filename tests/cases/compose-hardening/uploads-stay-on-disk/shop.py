from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/photos")
async def photos(photo: UploadFile):
    return {"size": photo.size}
