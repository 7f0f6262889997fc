require "tzinfo"
