/** How secrets are written, in services' messages, tools' output, configurations and command lines. */

const json = JSON.stringify;
const percent = encodeURIComponent;

/** Each form that a secret is planted in, by what it is called. */
export const spellings: Readonly<Record<string, (secret: string) => string>> = {
  // In JSON
  "a password in JSON": (s) => json({ adminPassword: s, adminUsername: "u" }),
  "a password in JSON in JSON": (s) => json(json({ adminPassword: s })),
  "a password in JSON in JSON in JSON": (s) => json(json(json({ adminPassword: s }))),
  "a password with quotation marks": (s) => json({ password: `a"b${s}` }),
  "a password with quotation marks in JSON in JSON": (s) => json(json({ password: `a"b\\${s}` })),
  "a password as a template parameter": (s) => json({ adminPassword: { value: s }, vmName: { value: "v" } }),
  "a password with braces as a template parameter": (s) => json({ adminPassword: { value: `a}b{{"${s}` }, n: 1 }),
  "the same in JSON in JSON": (s) => json(json({ adminPassword: { value: `a}b{{"${s}` }, n: 1 })),
  "a secure string": (s) => json({ dbLogin: { type: "SecureString", value: s } }),
  "protected parameters": (s) => json({ protectedParameters: [{ name: "a", value: s }] }),
  "protected settings": (s) => json({ protectedSettings: { commandToExecute: `run ${s}` } }),
  "a list of secrets": (s) => json({ secrets: [{ name: "a", value: s }] }),
  "an object of secrets": (s) => json({ secrets: { db: s } }),
  "a PFX": (s) => json({ pfxBlob: s }),
  "a PFX beside its password": (s) => json({ data: `MIIJ${s}`, password: "p" }),
  "custom data": (s) => json({ customData: s }),
  "user data": (s) => json({ userData: s }),
  "a setting by its name": (s) => json([{ name: "DB_PASSWORD", value: s }]),
  "a list of keys": (s) => json({ keys: [{ keyName: "key1", value: s, permissions: "FULL" }] }),
  "a name with an escape in it": (s) => `{"\\u0070assword":"${s}"}`,
  "JSON in HTML": (s) => `{&quot;password&quot;:&quot;${s}&quot;}`,
  "JSON in an address": (s) => percent(json({ adminPassword: s })),
  "JSON in CSV": (s) => `"{""password"":""${s}""}"`,
  "a Python dictionary": (s) => `{'password': '${s}', 'user': 'u'}`,
  "printed by Node over two lines": (s) => `{ password: 'first\\n' +\n    '${s}' }`,
  // In XML
  "an unattend password": (s) =>
    `<AdministratorPassword><Value>${s}</Value><PlainText>true</PlainText></AdministratorPassword>`,
  "an unattend password in JSON": (s) =>
    json({ settingName: "AutoLogon", content: `<AutoLogon><Password><Value>${s}</Value></Password></AutoLogon>` }),
  "an encoded element": (s) => `&lt;Password&gt;${s}&lt;/Password&gt;`,
  "character data": (s) => `<password><![CDATA[${s}]]></password>`,
  "custom data in XML": (s) => `<CustomData>${s}</CustomData>`,
  "a key in a configuration file": (s) => `<add key="ApiKey" value="${s}" />`,
  "an attribute": (s) => `<user name="u" password="${s}"/>`,
  // Signatures
  "sig=": (s) => `https://a.blob.core.windows.net/c?sp=r&sig=${s}&se=1`,
  "Sig=": (s) => `https://a.blob.core.windows.net/c?Sig=${s}`,
  "SIG=": (s) => `https://a.blob.core.windows.net/c?SIG=${s}`,
  "%73ig=": (s) => `https://a.blob.core.windows.net/c?%73ig=${s}`,
  "s%69%67=": (s) => `https://a.blob.core.windows.net/c?s%69%67=${s}`,
  "&amp;sig=": (s) => `https://a/c?sp=r&amp;sig=${s}&amp;se=1`,
  "&#38;sig&#61;": (s) => `https://a/c?sp=r&#38;sig&#61;${s}`,
  "\\u0026sig=": (s) => `"https://a/c?sp=r\\u0026sig=${s}\\u0026se=1"`,
  "\\u0026sig\\u003d": (s) => `"https://a/c?sp=r\\u0026sig\\u003d${s}"`,
  "sig in an address in an address": (s) => `https://b/?u=${percent(`https://a/c?sp=r&sig=${s}&se=1`)}`,
  "sig encoded twice": (s) => `https://b/?u=${percent(percent(`https://a/c?sp=r&sig=${s}&se=1`))}`,
  "sig encoded three times": (s) => percent(percent(percent(`https://a/c?sig=${s}`))),
  "sig in JSON": (s) => json({ sig: s }),
  "a signed address of an operation": (s) => `https://m/operations/1?api-version=1&t=6&c=MII&s=${s.repeat(4)}&h=x`,
  // Keys
  "a function key": (s) => `https://f.azurewebsites.net/api/run?code=${s}==&clientId=default`,
  "a function key of no known host": (s) => `https://proxy.contoso.com/run?code=${s}AzFu2Q==`,
  "x-functions-key": (s) => `x-functions-key: ${s}`,
  "x-functions-key in JSON": (s) => json({ "x-functions-key": s }),
  "a subscription key": (s) => `Ocp-Apim-Subscription-Key: ${s}`,
  "an account key": (s) =>
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${s}==;EndpointSuffix=core.windows.net`,
  "a shared access key": (s) => `Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=${s}=`,
  "a primary key": (s) => json({ primaryKey: s }),
  "a private key": (s) => `-----BEGIN RSA PRIVATE KEY-----\nMIIE${s}\n-----END RSA PRIVATE KEY-----`,
  "a private key in JSON": (s) =>
    json({ k: `-----BEGIN OPENSSH PRIVATE KEY-----\nb3${s}\n-----END OPENSSH PRIVATE KEY-----` }),
  "a private key in an address": (s) => percent(`-----BEGIN PRIVATE KEY-----\nMIIE${s}\n-----END PRIVATE KEY-----`),
  "a private key of PGP": (s) => `-----BEGIN PGP PRIVATE KEY BLOCK-----\n${s}\n-----END PGP PRIVATE KEY BLOCK-----`,
  "a private key in small letters": (s) => `-----begin private key-----\n${s}`,
  "a private key of PuTTY": (s) => `Private-Lines: 1\n${s}\nPrivate-MAC: 00`,
  // Tokens
  "a bearer token": (s) => `Authorization: Bearer ${s}${s}`,
  "a bearer token in small letters": (s) => `authorization: bearer ${s}${s}`,
  "a bearer token without its header": (s) => `it sent bearer ${s}${s} twice`,
  "a basic header": (s) => `Proxy-Authorization: Basic ${btoa(`u:${s}`)} ${s}`,
  "a web token": (s) => `eyJhbGciOiJSUzI1NiJ9.eyJzdWIi${s}.${s}`,
  "an access token": (s) => json({ accessToken: s, expiresOn: "2026" }),
  "a refresh token": (s) => `refresh_token=${s}&scope=x`,
  "an assertion": (s) => `client_id=a&client_assertion=${s}&scope=x`,
  "a client secret": (s) => `grant_type=client_credentials&client_secret=${s}&scope=x`,
  "a token of GitHub": (s) => `https://x-access-token:${s}@github.com/o/r`,
  cookies: (s) => `Set-Cookie: ARRAffinity=${s}; Path=/`,
  // Terraform, YAML, environment
  "a value of Terraform": (s) => `admin_password = "${s}"`,
  "a change of Terraform": (s) => `~ admin_password = "before" -> "${s}"`,
  "an old change of Terraform": (s) => `admin_password: "before" => "${s}"`,
  "an arrow": (s) => `admin_password => "${s}"`,
  "a here document": (s) => `custom_data = <<-EOT\n  #cloud-config\n  ${s}\n  EOT\n`,
  "a value of YAML": (s) => `- name: vm\n  password: ${s}\n  size: 1`,
  "words of YAML": (s) => `name: vm\npassword: my ${s} phrase\nsize: 1`,
  "quoted YAML": (s) => `password: 'my ''${s}'\nsize: 1`,
  "a block of YAML": (s) => `customData: |\n  #cloud-config\n  runcmd:\n    - echo ${s}\nsize: 1`,
  "a folded block of YAML": (s) => `os:\n  adminPassword: >-\n    ${s}\n  size: 1`,
  "a block of YAML in JSON": (s) => json({ manifest: `customData: |\n  ${s}\n  more\nsize: 1` }),
  "a value of YAML on the next line": (s) => `adminPassword:\n  value: ${s}\nsize: 1`,
  "a list of YAML": (s) => `secrets:\n  - name: a\n    value: ${s}\n  - ${s}\nsize: 1`,
  "a variable of a container": (s) => `env:\n  - name: DB_PASSWORD\n    value: ${s}\n`,
  "an environment variable": (s) => `AZURE_CLIENT_SECRET=${s} PATH=/bin`,
  "a variable of PowerShell": (s) => `$env:DB_PASSWORD = '${s}'`,
  // Connection strings and addresses
  "Password=": (s) => `Server=tcp:x;User ID=u;Password=a,b&c${s};Encrypt=True`,
  "Password= with blanks": (s) => `Server=x;Password=my ${s} x;Encrypt=True`,
  "Password= in quotation marks": (s) => `Server=x;Password='a'';${s}';Encrypt=True`,
  "Pwd= in braces": (s) => `Driver={ODBC Driver 18};PWD={a}};${s}};UID=u`,
  "Password= of a cache": (s) => `x.redis.cache.windows.net:6380,password=${s}=,ssl=True`,
  "Password= of PostgreSQL": (s) => `host=x user=u password='a b\\'${s}' dbname=d`,
  "an address with a user": (s) => `https://u:${s}@h/p`,
  "an address with a user, encoded": (s) => percent(`https://u:${s}@h/p`),
  "an address of Redis": (s) => `connect ECONNREFUSED rediss://default:${s}@cache:6380/0`,
  "an address of Redis without a user": (s) => `redis://:${s}@cache:6379`,
  "an address with an at sign in it": (s) => `mongodb://u:a@${s}@h/d`,
  // Commands
  "curl -u": (s) => `curl -u u:${s} https://x`,
  "curl -u in quotation marks": (s) => `curl -u "u:a b${s}" https://x`,
  "curl --user": (s) => `curl --user u:${s} https://x`,
  "curl -H": (s) => `curl -H 'x-functions-key: ${s}' https://x`,
  "--password": (s) => `az vm create --admin-password ${s} --name v`,
  "--password=": (s) => `tool --password="a b${s}" -v`,
  "-AdminPassword": (s) => `New-AzVM -AdminPassword '${s}' -Name v`,
  "az login -p": (s) => `az login --service-principal -u app -p ${s} --tenant t`,
  "mysql -p": (s) => `mysql -u root -p${s} db`,
  "ConvertTo-SecureString": (s) => `ConvertTo-SecureString "${s}" -AsPlainText -Force`,
  "/pass:": (s) => `cmdkey /add:x /user:u /pass:${s}`,
  // Sentences
  "a sentence with the password": (s) => `The password '${s}' is too short.`,
  "a sentence with a parameter": (s) => `The value '${s}' of parameter 'adminPassword' is not allowed.`,
};

/** Different for each spelling, so that a failing test says which one got out. */
export function planted(name: string): string {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return `S3cr${hash.toString(36)}Zq9`;
}

/** A text that holds one. */
export const spelled = (name: string): string => (spellings[name] ?? String)(planted(name));

/** The spellings whose secrets the texts show. */
export function shownIn(texts: readonly string[]): string[] {
  const all = texts.join("\n");
  return Object.keys(spellings).filter((name) => all.includes(planted(name)));
}
