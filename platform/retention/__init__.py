"""What is cached, where and until when. Expired entries are deleted, here and in the Actions cache; nothing else is."""
