/* redis_script - the rules of rule.c once more, where they are atomic.
 *
 * A record is a hash: o its owner, u when its lease is over, v the value, f
 * who has lost it (see struct holder), and a field n... for each name.  Names
 * lead to the key of their record, and each node has the set of its keys.
 * What lives, lives as long as its record.  The clock is the server's. */
#ifdef WITH_REDIS
#include "store/redis.h"

#define COMMON								\
"local function record(key) return '" PREFIX "r:' .. key end\n"		\
"local function name(text) return '" PREFIX "n:' .. text end\n"		\
"local function node(owner)\n"						\
"  return '" PREFIX "o:' .. string.match(owner, '^[^/]*')\n"		\
"end\n"									\
"local function now()\n"						\
"  local t = redis.call('TIME')\n"					\
"  return t[1] * 1000 + math.floor(t[2] / 1000)\n"			\
"end\n"									\
"local function names(r)\n"						\
"  local out = {}\n"							\
"  for _, f in ipairs(redis.call('HKEYS', r)) do\n"			\
"    if string.sub(f, 1, 1) == 'n' then\n"				\
"      out[#out + 1] = name(string.sub(f, 2))\n"			\
"    end\n"								\
"  end\n"								\
"  return out\n"							\
"end\n"									\
"local function own(r, key, owner, lease, life)\n"			\
"  redis.call('HSET', r, 'o', owner, 'u',\n"				\
"    string.format('%.0f', now() + lease))\n"				\
"  redis.call('PEXPIRE', r, life)\n"					\
"  for _, n in ipairs(names(r)) do redis.call('PEXPIRE', n, life) end\n"\
"  redis.call('SADD', node(owner), key)\n"				\
"  redis.call('PEXPIRE', node(owner), life)\n"				\
"end\n"

static const char script_write[] = COMMON
"local r, key, verb, owner = KEYS[1], ARGV[1], ARGV[2], ARGV[3]\n"
"local lease, life, grave = ARGV[4], ARGV[5], ARGV[6]\n"
"local h = redis.call('HMGET', r, 'o', 'f')\n"
"local o, f = h[1], h[2]\n"
"if o and o ~= owner then return 'AUTH' end\n"
"if not o and f and string.find(f, ' ' .. owner .. ' ', 1, true) then\n"
"  return 'AUTH'\n"
"end\n"
"if verb == 'delete' then\n"
"  if not o then return 'OK' end\n"
"  for _, n in ipairs(names(r)) do redis.call('DEL', n) end\n"
"  redis.call('DEL', r)\n"
"  redis.call('SREM', node(owner), key)\n"
"  if f then\n"
"    redis.call('HSET', r, 'f', f)\n"
"    redis.call('PEXPIRE', r, grave)\n"
"  end\n"
"  return 'OK'\n"
"end\n"
"if verb == 'renew' and not o then return 'NONE' end\n"
"if verb == 'put' then\n"
"  if not o and redis.call('EXISTS', name(key)) == 1 then\n"
"    return 'AUTH'\n"
"  end\n"
"  redis.call('HSET', r, 'v', ARGV[7])\n"
"  for i = 8, #ARGV do\n"
"    if redis.call('EXISTS', record(ARGV[i])) == 0 and\n"
"        redis.call('SET', name(ARGV[i]), key, 'NX', 'PX', life) then\n"
"      redis.call('HSET', r, 'n' .. ARGV[i], '')\n"
"    end\n"
"  end\n"
"end\n"
"own(r, key, owner, lease, life)\n"
"return 'OK'\n";

static const char script_find[] = COMMON
"local key, verb, owner = ARGV[1], ARGV[2], ARGV[3]\n"
"local r = KEYS[1]\n"
"local h = redis.call('HMGET', r, 'o', 'u', 'f')\n"
"if not h[1] then\n"
"  key = redis.call('GET', KEYS[2])\n"
"  if not key then return { 'NONE' } end\n"
"  r = record(key)\n"
"  h = redis.call('HMGET', r, 'o', 'u', 'f')\n"
"  if not h[1] then return { 'NONE' } end\n"
"end\n"
"if redis.call('HSTRLEN', r, 'v') > tonumber(ARGV[6]) then\n"
"  return { 'BIG' }\n"
"end\n"
"local o, left, f = h[1], h[2] - now(), h[3] or ' '\n"
"if verb == 'take' then\n"
"  if left > 0 and node(o) ~= node(owner) then\n"
"    return { 'MORE', key, o, string.format('%.0f', left), '' }\n"
"  end\n"
"  if o ~= owner then\n"
"    redis.call('SREM', node(o), key)\n"
"    f = f .. o .. ' '\n"
"    while select(2, string.gsub(f, ' ', '')) > 9 do\n"
"      f = string.sub(f, string.find(f, ' ', 2, true), -1)\n"
"    end\n"
"    redis.call('HSET', r, 'f', f)\n"
"  end\n"
"  own(r, key, owner, ARGV[4], ARGV[5])\n"
"  o, left = owner, ARGV[4]\n"
"end\n"
"return { 'OK', key, o, string.format('%.0f', left),\n"
"  redis.call('HGET', r, 'v') }\n";

/* What died by itself is still in the set of its node. */
static const char script_scan[] = COMMON
"local out = {}\n"
"for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do\n"
"  local o = redis.call('HGET', record(key), 'o')\n"
"  if o and node(o) == KEYS[1] then\n"
"    out[#out + 1] = key\n"
"  else\n"
"    redis.call('SREM', KEYS[1], key)\n"
"  end\n"
"end\n"
"return out\n";

const char *const sr_redis_scripts[SCRIPTS] = { script_write, script_find,
    script_scan };
#endif
