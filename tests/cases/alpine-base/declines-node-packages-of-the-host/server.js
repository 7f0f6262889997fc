require("nodemailer");
