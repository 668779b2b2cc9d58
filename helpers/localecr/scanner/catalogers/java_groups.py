"""The groups of artifacts whose jars often say none, since they weren't built with Maven, or before it left word in a jar."""

from __future__ import annotations

_ARTIFACTS = {
    "org.springframework": "spring-aop spring-aspects spring-beans spring-context spring-context-indexer spring-context-support spring-core"
    " spring-expression spring-instrument spring-jcl spring-jdbc spring-jms spring-messaging spring-orm spring-oxm spring-r2dbc spring-test"
    " spring-tx spring-web spring-webflux spring-webmvc spring-webmvc-portlet spring-websocket",
    "org.springframework.boot": "spring-boot spring-boot-actuator spring-boot-actuator-autoconfigure spring-boot-autoconfigure spring-boot-loader",
    "org.springframework.security": "spring-security-config spring-security-core spring-security-crypto spring-security-oauth2-client"
    " spring-security-oauth2-core spring-security-oauth2-jose spring-security-oauth2-resource-server spring-security-web",
    "org.apache.tomcat.embed": "tomcat-embed-core tomcat-embed-el tomcat-embed-jasper tomcat-embed-websocket",
    "org.apache.kafka": "kafka-clients",
    "org.bouncycastle": "bcpkix-jdk15on bcpkix-jdk18on bcprov-jdk15on bcprov-jdk18on bcutil-jdk15on bcutil-jdk18on",
    "com.squareup.okhttp3": "okhttp",
    "com.squareup.okio": "okio okio-jvm",
    "io.projectreactor": "reactor-core",
    "io.projectreactor.netty": "reactor-netty-core reactor-netty-http",
    "io.micrometer": "micrometer-core",
    "org.jetbrains.kotlin": "kotlin-reflect kotlin-stdlib",
    "org.scala-lang": "scala-library",
    "mysql": "mysql-connector-java",
    "com.mysql": "mysql-connector-j",
    "com.h2database": "h2",
}
_NAMESAKES = (  # each the group of itself: Apache Commons' first projects
    "commons-beanutils commons-cli commons-codec commons-collections commons-configuration commons-dbcp commons-digester commons-discovery"
    " commons-fileupload commons-httpclient commons-io commons-jxpath commons-lang commons-logging commons-net commons-pool commons-validator"
    " log4j"
)
GROUPS = {artifact: group for group, artifacts in _ARTIFACTS.items() for artifact in artifacts.split()} | {each: each for each in _NAMESAKES.split()}
