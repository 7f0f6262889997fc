import gammu
