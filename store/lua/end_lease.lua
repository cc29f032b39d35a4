-- end_lease lets others have what owner has, if it still has it.
--
-- KEYS  1 lease:<hash>
-- ARGV  1 owner
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return {'ok'}
