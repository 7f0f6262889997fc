errorlog = "/srv/bills/errors.log"
