"""The agreement clause by clause: actions, tickets, decisions, practices."""
