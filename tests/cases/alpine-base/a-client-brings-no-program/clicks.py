import selenium.webdriver
