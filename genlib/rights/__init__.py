"""What the privacy notice promises its customers: to see, correct, forbid, restrict, erase and take
with them what the register holds of them. Each request has a deadline, an identity check where one
is needed, a decision and a receipt."""
