console.log(new Date())
