-- follow_set writes down what a person says about following a connection; nothing said forgets it.
--
-- KEYS  1 follows:<user>  2 followers:<connection>
-- ARGV  1 schema  2 connection  3 'on', 'off' or ''  4 how many connections a person may say something about  5 user
--
-- newer  a newer version of the bot wrote it
-- full   that would be one too many
local has = redis.call('HGET', KEYS[1], 'schema')
if has and tonumber(has) > tonumber(ARGV[1]) then return {'newer'} end
if ARGV[3] ~= 'on' then redis.call('SREM', KEYS[2], ARGV[5]) end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[2])
  if redis.call('HLEN', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
  return {'ok'}
end
local said = math.max(0, redis.call('HLEN', KEYS[1]) - 1)
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 and said >= tonumber(ARGV[4]) then return {'full'} end
redis.call('HSET', KEYS[1], 'schema', ARGV[1], ARGV[2], ARGV[3])
if ARGV[3] == 'on' then redis.call('SADD', KEYS[2], ARGV[5]) end
return {'ok'}
