"""What a trade is: events become orders, fills and money. Bridge and back-test share it."""
